// What bench/tasks/work.h computes, for the programs in Rust.
pub const FAN_OUT_TASKS: usize = 64;
pub const FAN_OUT_SUM: u64 = 0xE2DA477939007D72;
const FAN_OUT_ROUNDS: u64 = 480 * 1000;

pub fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D049BB133111EB);
    x ^ (x >> 31)
}

pub fn compute(mut x: u64) -> u64 {
    for _ in 0..FAN_OUT_ROUNDS {
        x = (x ^ (x >> 29)).wrapping_mul(0xBF58476D1CE4E5B9).wrapping_add(1);
    }
    x
}
