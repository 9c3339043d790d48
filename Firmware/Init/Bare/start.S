# Where the kernel enters the first process: it has no caller, and needs no arguments.
  .globl _start
_start:
  xor %ebp, %ebp
  and $-16, %rsp
  call init_start
  ud2
  .section .note.GNU-stack, "", @progbits
