/* keel_fork and keel_join as symbols, for those who cannot inline C. */
#define KEEL_FORK_INLINE
#include "keel/fork.h"
