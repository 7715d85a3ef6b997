/*
 * Linked to each object that counts (tools/coverage-cc): where its counters lie, and the file that
 * is mapped over them. Distances, so that nothing needs a relocation at run time.
 */
    .section coverage_begin, "aw", @nobits
    .balign 4096
begin:
    .section coverage_end, "aw", @nobits
end:
    .section .rodata.coverage_file, "a", @progbits
file:
    .asciz COVERAGE_FILE
    .section coverage_objects, "a", @progbits
    .balign 4
    .long begin - .
    .long end - .
    .long file - .
    .section .note.GNU-stack, "", @progbits
