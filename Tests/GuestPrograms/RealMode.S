/* Guests that start at the reset vector, in real mode with CS based at FFFF0000. Ports: see Recorder. */
#include "Macros.inc"
PROGRAM reset_vector, 16
    movw %cs:(tag1 - g_reset_vector), %ax
    outw %ax, $0xe0
    movw %cs, %ax
    outw %ax, $0xe2
    STOP
tag1: .word 0xC0DE
ENDPROGRAM reset_vector

PROGRAM low_copy, 16
    movw $0xf000, %ax
    movw %ax, %ds
    movw (tag2 - g_low_copy), %ax
    outw %ax, $0xe0
    movw $0xe000, %ax
    movw %ax, %ds
    movw 0, %ax
    outw %ax, $0xe0
    STOP
tag2: .word 0xC0DE
ENDPROGRAM low_copy

PROGRAM write_firmware, 16
    movw $0xf000, %ax
    movw %ax, %ds
    movb $0x55, 0x8000
    movb 0x8000, %al
    outb %al, $0xe0
    movb %cs:0x8000, %al
    outb %al, $0xe0
    STOP
ENDPROGRAM write_firmware

PROGRAM port_widths, 16
    movl $0x44332211, %eax
    outb %al, $0xe0
    outw %ax, $0xe2
    outl %eax, $0xe4
    xorl %eax, %eax
    inb $0xe0, %al
    outl %eax, $0xe4
    xorl %eax, %eax
    inw $0xe2, %ax
    outl %eax, $0xe4
    inl $0xe4, %eax
    outl %eax, $0xe4
    STOP
ENDPROGRAM port_widths

PROGRAM string_ports, 16
    cld
    movw $0xf000, %ax
    movw %ax, %ds
    xorw %ax, %ax
    movw %ax, %es
    movw $(text3 - g_string_ports), %si
    movw $5, %cx
    movw $0xe1, %dx
    rep outsb
    movw $(text3 - g_string_ports), %si
    movw $2, %cx
    movw $0xe2, %dx
    rep outsw
    movw $0x500, %di
    movw $5, %cx
    movw $0xe1, %dx
    rep insb
    movw %di, %ax
    outw %ax, $0xe2
    STOP
text3: .ascii "hello"
ENDPROGRAM string_ports

/* E000:0 is looked at after each change of its shadow register; the code itself runs below 4 GiB. */
PROGRAM shadow, 16
    movw $0xe000, %ax
    movw %ax, %ds
    movb 0, %al
    outb %al, $0xe0
    movb $2, %al             /* read firmware, write RAM */
    outb %al, $0xe8
    movb $0x77, 0
    movb 0, %al
    outb %al, $0xe0
    movb $1, %al             /* read RAM, write nowhere */
    outb %al, $0xe8
    movb 0, %al
    outb %al, $0xe0
    movb $0x88, 0
    movb 0, %al
    outb %al, $0xe0
    movb $3, %al             /* RAM */
    outb %al, $0xe8
    movb $0x99, 0
    movb 0, %al
    outb %al, $0xe0
    movb $0, %al
    outb %al, $0xe8
    movb 0, %al
    outb %al, $0xe0
    STOP
ENDPROGRAM shadow

/* Sets up what interrupts need: a stack, and the PIC with vectors 0x20 and 0x28 and one line open. */
.macro EXPECT_LINE line
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7000, %sp
    movb $0x11, %al
    outb %al, $0x20
    outb %al, $0xa0
    movb $0x20, %al
    outb %al, $0x21
    movb $0x28, %al
    outb %al, $0xa1
    movb $4, %al
    outb %al, $0x21
    movb $2, %al
    outb %al, $0xa1
    movb $1, %al
    outb %al, $0x21
    outb %al, $0xa1
    movb $(0xff ^ (1 << \line)), %al
    outb %al, $0x21
    movb $0xff, %al
    outb %al, $0xa1
.endm

PROGRAM line_interrupt, 16
    EXPECT_LINE 5
    movw $(handler4 - g_line_interrupt), 0x94
    movw $0xf000, 0x96
    movb $1, %al
    outb %al, $0xea          /* the recorder raises its line */
    movb $0x10, %al
    outb %al, $0xe0
    sti
1:  cmpb $0, 0x600
    je 1b
    STOP
handler4:
    movb $0, %al
    outb %al, $0xea
    movb $0x25, %al
    outb %al, $0xe0
    movb $0x20, %al
    outb %al, $0x20
    movb $1, 0x600
    iretw
ENDPROGRAM line_interrupt

/* Sleeps until the timer's third interrupt, and reports each. */
PROGRAM timer_wakes, 16
    EXPECT_LINE 0
    movw $(handler6 - g_timer_wakes), 0x80
    movw $0xf000, 0x82
    movb $0x34, %al          /* channel 0 every 1024 ticks, 0.86 ms */
    outb %al, $0x43
    movb $0, %al
    outb %al, $0x40
    movb $4, %al
    outb %al, $0x40
    xorw %bx, %bx
1:  sti
    hlt
    cli
    cmpw $3, %bx
    jb 1b
    STOP
handler6:
    incw %bx
    movb %bl, %al
    outb %al, $0xe0
    movb $0x20, %al
    outb %al, $0x20
    iretw
ENDPROGRAM timer_wakes

PROGRAM spin, 16
    STOP
ENDPROGRAM spin

/* A selector outside its table with no interrupt table, in protected mode. */
PROGRAM triple_fault, 16
    movl $0x600d, %ebx
    lidtl %cs:(none5 - g_triple_fault)
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    lgdtl %cs:(none5 - g_triple_fault)
    movw $0x38, %ax
    movw %ax, %ds
none5: .word 0, 0, 0
ENDPROGRAM triple_fault

/* ---- for the whole machine */

PROGRAM power_off, 16
    movw $0x604, %dx
    movw $0x2001, %ax
    outw %ax, %dx
99: jmp 99b
ENDPROGRAM power_off

/* Counts its starts in RAM; the third ends the run with that count. What follows asks for a reset. */
.macro COUNT_STARTS
    xorw %ax, %ax
    movw %ax, %ds
    incb 0x600
    movb 0x600, %al
    cmpb $3, %al
    jb 1f
    outb %al, $0xf4
1:
.endm

PROGRAM count_keyboard_resets, 16
    COUNT_STARTS
    movb $0xfe, %al
    outb %al, $0x64
99: jmp 99b
ENDPROGRAM count_keyboard_resets

PROGRAM count_port_resets, 16
    COUNT_STARTS
    movw $0xcf9, %dx
    movb $6, %al
    outb %al, %dx
99: jmp 99b
ENDPROGRAM count_port_resets

PROGRAM spin_only, 16
99: jmp 99b
ENDPROGRAM spin_only

PROGRAM debug_exit, 16
    movb $0x15, %al
    outb %al, $0xf4
99: jmp 99b
ENDPROGRAM debug_exit

PROGRAM report_panic, 16
    movw $0x505, %dx
    movb $1, %al
    outb %al, %dx
99: jmp 99b
ENDPROGRAM report_panic

.macro SAY text
    cld
    movw %cs, %ax
    movw %ax, %ds
    movw $(\text), %si
    movw $0x3f8, %dx
1:  movb %cs:(%si), %al
    incw %si
    testb %al, %al
    jz 2f
    outb %al, %dx
    jmp 1b
2:
.endm

PROGRAM last_words, 16
    SAY "text6 - g_last_words"
99: jmp 99b
text6: .asciz "[    1.0] Kernel panic - not syncing: no init\n"
ENDPROGRAM last_words

PROGRAM hello_console, 16
    SAY "text7 - g_hello_console"
    movw $0x604, %dx
    movw $0x2001, %ax
    outw %ax, %dx
99: jmp 99b
text7: .asciz "hello\r\n"
ENDPROGRAM hello_console

/* Shuts down when somebody presses the power button, which its interrupt tells. */
PROGRAM obeys_button, 16
    EXPECT_LINE 2            /* the second PIC */
    movb $0xfd, %al
    outb %al, $0xa1
    movw $(handler8 - g_obeys_button), 0xa4
    movw $0xf000, 0xa6
    movw $0x602, %dx
    movw $0x100, %ax
    outw %ax, %dx
    SAY "text8 - g_obeys_button"
1:  sti
    hlt
    jmp 1b
handler8:
    movw $0x600, %dx
    inw %dx, %ax
    testb $1, %ah
    jz 99f
    movw $0x100, %ax
    outw %ax, %dx
    movw $0x604, %dx
    movw $0x2001, %ax
    outw %ax, %dx
99: jmp 99b
text8: .asciz "ready\r\n"
ENDPROGRAM obeys_button

/* Wants to hear of the power button, and does nothing then. */
PROGRAM ignores_button, 16
    movw $0x602, %dx
    movw $0x100, %ax
    outw %ax, %dx
    SAY "text9 - g_ignores_button"
99: jmp 99b
text9: .asciz "ready\r\n"
ENDPROGRAM ignores_button

    .section .note.GNU-stack, "", @progbits
