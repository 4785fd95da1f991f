#pragma once

/// Functions of this program that probes are put into, with names that no compiler changes.
extern "C" {
int fathom_probed_add(int first, int second);
int fathom_probed_multiply(int first, int second);
/// Has the USDT probe fathom:called with both numbers.
void fathom_probed_usdt(long first, long second);
/// Has fathom:guarded, with a semaphore: fathom_probed_semaphore.
void fathom_probed_guarded_usdt(long first, long second);
/// Counts who looks at that probe, or at whatever else names it as its counter.
extern volatile unsigned short fathom_probed_semaphore;
}
