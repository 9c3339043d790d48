/* A hostile guest. From a seed it does at random what no driver would: each step is one of the attacks below.
   The command line is "seed=… steps=… classes=… starts=… talk=…", all hexadecimal, in this order: how many steps a processor
   makes, which attacks they are (a bit for each, in the order below), how many resets it goes on after, and how much it
   tells of itself. It ends with the value 0 at port F4; any other end that a guest can have is as good. */
#include "Macros.inc"
#include "Attack/Layout.inc"

/* Every attack, for what is to be made of its name. */
.macro ATTACKS make
    \make power
    \make ports
    \make memory
    \make configuration
    \make windows
    \make firmware
    \make display
    \make virtio
    \make files
    \make registers
    \make control
    \make interrupts
    \make tables
    \make descriptors
    \make code
.endm

PROGRAM attack, 64
#include "Attack/Start.inc"
#include "Attack/Home.inc"
#include "Attack/Chance.inc"
#include "Attack/Talk.inc"
#include "Attack/Buses.inc"
#include "Attack/Virtio.inc"
#include "Attack/Files.inc"
#include "Attack/Processor.inc"
#include "Attack/Code.inc"

.macro PLACE name
    .long attack_\name - attacks
.endm
    .balign 4
attacks:
    ATTACKS PLACE
attacks_end:
.set ATTACK_COUNT, (attacks_end - attacks) / 4
.set ATTACK_POWER, 0             /* the bit of what ends a run: without it, other attacks do not either, if they can help it */

.macro NAME name
    .ascii "\name"
    .balign 16, 0x20
.endm
    .balign 16
attack_names:
    ATTACKS NAME
ENDPROGRAM attack

    .section .note.GNU-stack, "", @progbits
