/* An option ROM that starts the kernel behind fw_cfg in real mode, for a BIOS that cannot do that itself.

   The board says where each part goes, and has written these places into the setup header. */
    .code16
    .set CONTROL, 0x7C00            /* fw_cfg's control block, where a boot sector would be; the stack is below */
    .set ITEM_PORT, 0x510
    .set DMA_PORT, 0x518
    .set SELECT_AND_READ, 0x0A
    .set EXIT_PORT, 0xF4
    .set KERNEL_CANNOT_BE_LOADED, 37 >> 1

    .word 0xAA55
    .byte 1                         /* 512 bytes */
    jmp initialize
    .org 0x18
    .word 0                         /* no PCI function */
    .word plug_and_play
initialize:
    xorw %ax, %ax
    lretw

    .balign 16
plug_and_play:
    .ascii "$PnP"
    .byte 1, 2                      /* revision, length in paragraphs */
    .word 0                         /* no other header */
    .byte 0
    .byte 0                         /* checksum: scripts/build-firmware */
    .long 0
    .word manufacturer, product
    .byte 0, 0x80, 0                /* nothing in particular; an initial program load device */
    .byte 0x14
    .word 0, 0                      /* no boot connection, no disconnection */
    .word start
    .word 0, 0

manufacturer: .asciz "swboot"
product: .asciz "the kernel that swboot was given"

    .macro NUMBER key
    movw $\key, %ax
    callw number
    .endm

    .macro ITEM address, size, data
    NUMBER \address
    movl %eax, %edi
    NUMBER \size
    movl %eax, %ecx
    movl $(\data << 16 | SELECT_AND_READ), %eax
    callw copy
    .endm

start:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $CONTROL, %sp
    ITEM 0x0A, 0x0B, 0x12           /* initial RAM disk */
    ITEM 0x13, 0x14, 0x15           /* command line */
    ITEM 0x16, 0x17, 0x18           /* setup */
    ITEM 0x07, 0x08, 0x11           /* kernel */
    NUMBER 0x16
    shrl $4, %eax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movw $0xFFF0, %sp
    addw $0x20, %ax                 /* the setup part's code is behind its first sector */
    pushw %ax
    pushw $0
    xorl %ebx, %ebx
    lretw

/* The number under key AX, to EAX. */
number:
    movw $ITEM_PORT, %dx
    outw %ax, %dx
    incw %dx
    movw $4, %cx
1:  inb %dx, %al
    rorl $8, %eax
    loop 1b
    retw

/* ECX bytes of the item to EDI, by the control word in EAX. */
copy:
    jecxz 2f
    bswapl %eax
    bswapl %ecx
    bswapl %edi
    movl %eax, CONTROL
    movl %ecx, CONTROL + 4
    movl $0, CONTROL + 8
    movl %edi, CONTROL + 12
    movl $CONTROL, %eax
    bswapl %eax
    movw $DMA_PORT, %dx
    outl %eax, %dx
1:  movl CONTROL, %eax
    bswapl %eax
    testb $1, %al
    jnz fail
    testl %eax, %eax
    jnz 1b
2:  retw

/* An address that is no RAM: says so to the host, and stops. */
fail:
    movb $KERNEL_CANNOT_BE_LOADED, %al
    outb %al, $EXIT_PORT
1:  hlt
    jmp 1b

    .org 511
    .byte 0                         /* checksum: scripts/build-firmware */
