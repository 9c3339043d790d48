/* Boot sectors: they start in real mode at 7C00 with the drive in DL, and ask the BIOS for everything. */
#include "Macros.inc"

/* Prints a text, reads sector 3 and prints what it says, waits for the clock to tick, and exits with 0x2A. */
PROGRAM boot_sector, 16
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw $(0x7C00 + hello_b - g_boot_sector), %si
    call print_b
    movb $0x42, %ah
    movw $(0x7C00 + packet_b - g_boot_sector), %si
    int $0x13
    jc failed_b
    movw $0x8000, %si
    call print_b
    xorb %ah, %ah
    int $0x1A
    movw %dx, %di
1:  hlt
    xorb %ah, %ah
    int $0x1A
    cmpw %dx, %di
    je 1b
    movb $0x2A, %al
    outb %al, $0xF4
failed_b:
    movb %ah, %al
    outb %al, $0xF4
    hlt
print_b:
    lodsb
    testb %al, %al
    jz 2f
    movb $0x0E, %ah
    movw $7, %bx
    int $0x10
    jmp print_b
2:  ret
hello_b: .asciz "hello from the boot sector\r\n"
packet_b:
    .byte 16, 0
    .word 1, 0x8000, 0
    .quad 3
ENDPROGRAM boot_sector

/* Gives up, as boot sectors do that find nothing. */
PROGRAM give_up, 16
    int $0x18
ENDPROGRAM give_up

/* An instruction that no processor has. */
PROGRAM unknown_instruction, 16
    ud2
ENDPROGRAM unknown_instruction

/* Resets the machine; exits with 7 when it comes by for the second time. */
PROGRAM reset_once, 16
    xorw %ax, %ax
    movw %ax, %ds
    cmpw $0x1234, 0x600
    je 1f
    movw $0x1234, 0x600
    movw $0xCF9, %dx
    movb $0x06, %al
    outb %al, %dx
    movb $8, %al
    outb %al, $0xF4
    hlt
1:  movb $7, %al
    outb %al, $0xF4
    hlt
ENDPROGRAM reset_once
