let help = """
  swboot boots an unmodified kernel, disk or firmware in a virtual machine.

  usage: swboot --kernel FILE [--initrd FILE] [--append TEXT] [--disk FILE] [option...]
         swboot --disk FILE [option...]
         swboot --firmware FILE [option...]
         swboot doctor                what this host can do, and which accelerator
                                      swboot would take
         swboot machine [option...]   the map of the machine that the guest sees; with
                                      --dtb FILE (- for standard output) as a device tree

  what to boot
    --kernel FILE        bzImage, vmlinux (ELF, also gzip-compressed), Multiboot or FIT image
    --initrd FILE        initial RAM disk
    --append TEXT        kernel command line
    --dtb FILE           device tree handed to the kernel
    --firmware FILE      image that ends at 4 GiB and starts at the reset vector;
                         builtin is our own BIOS, which boots the kernel, or else a disk
    --firmware-vars FILE flash chip right below the firmware, for its variables;
                         what the firmware writes is kept in the file
    --fw-cfg opt/NAME=FILE
                         a file for the guest's firmware or kernel, in fw_cfg by this name
    --disk FILE[,ro][,snapshot][,id=NAME]
                         raw image as a virtio disk; may be given several times.
                         ro: the guest cannot write; snapshot: what it writes is thrown away

  the machine
    --memory SIZE        1M to 1T; 512M if not given
    --cpus N             processors; 1 if not given
    --accel WHICH        auto (the default), kvm or soft
    --kernel-irqchip     with KVM: I/O APIC, 8259s and 8254 are the kernel's, too. Otherwise
                         they are swboot's own, which start faster and which --trace sees
    --console WHERE      stdio (the default), plain (stdio without escape sequences),
                         none or a file
    --debugcon WHERE     port 0x402: none (the default), stdio or a file

    --display[=MODE]     a VGA with a linear framebuffer (PCI 1234:1111); MODE is how a kernel
                         finds it that is started without firmware: text, or a size;
                         1024x768 if not given
    --screenshot FILE    what the display shows, as PNG: at the end, and on SIGUSR1
    --keys FILE          what to type on the guest's keyboard, one step a line:
                           wait "TEXT"      until it is on the console or a text screen
                           wait 2s          of guest time
                           type ls -l       letters, as on a US keyboard
                           press ctrl-alt-del, ret, esc, up, f1 ...
                           screenshot FILE  a picture now
                           quit             ends the run; # begins a comment

    --deterministic[=SEED]
                         every run the same: time is counted in instructions, and what is
                         random follows from the seed; the software CPU, one processor

  how it ends
    --no-reboot          a reset ends the run
    --triple-fault WHAT  stop (the default) or reset
    --timeout TIME       such as 40s, 500ms or 2m: ends the run

  looking inside
    --trace EVENTS[,file=FILE]
                         all, or some of io, irq, queue, cpu and names of devices
                         (swboot machine lists them): one line each with guest time
    --gdb WHERE          a TCP port of this host, or the path of a socket, for GDB's
                         "target remote"; the guest waits for it. A kernel wants
                         nokaslr in --append

  On a terminal, Ctrl-a x ends the run and Ctrl-a Ctrl-a sends Ctrl-a.
  Of an option given twice the last counts; every --disk and --fw-cfg counts.
  QEMU's -kernel -initrd -append -dtb -bios -m -smp -accel -drive -fw_cfg -serial -snapshot
  -nographic -no-reboot are understood too, and whatever asks for what this machine is anyway (-M q35).

  exit status
    0    the guest powered off (or reset, with --no-reboot), or you pressed Ctrl-a x
    N    the guest wrote v to port 0xF4: (v << 1) | 1
    2    mistake on the command line, or a file that cannot be used
    70   the host or its KVM let us down
    124  --timeout
    134  the guest's kernel panicked
    135  triple fault
    136  every processor halted for good
    128+N  ended by signal N
  """
