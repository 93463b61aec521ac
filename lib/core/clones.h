// Loops compiled for several instruction sets and chosen at load time.
#pragma once

// Elementwise results do not depend on which is chosen: nothing is contracted, and what is fused is fused on all.
// (ThreadSanitizer instruments what chooses too, and is not ready then.)
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define FEDSIM_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FEDSIM_CLONES
#endif
