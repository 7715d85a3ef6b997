// What bench/tasks/work.h computes, and the rows that need it.
use crate::Row;
use std::time::{Duration, Instant};
use tokio::task::spawn;

const FAN_OUT_TASKS: u64 = 64;
const FAN_OUT_ROUNDS: u64 = 480 * 1000;
const FAN_OUT_SUM: u64 = 0xE2DA477939007D72;
const SLEEPERS: u64 = 100 * 1000;
const SLEEPS_EACH: u64 = 10;

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D049BB133111EB);
    x ^ (x >> 31)
}

fn compute(mut x: u64) -> u64 {
    for _ in 0..FAN_OUT_ROUNDS {
        x = (x ^ (x >> 29)).wrapping_mul(0xBF58476D1CE4E5B9).wrapping_add(1);
    }
    x
}

// 64 tasks that compute for a millisecond each; an operation is all of them.
async fn fan_out(count: u64) {
    for _ in 0..count {
        let tasks: Vec<_> = (0..FAN_OUT_TASKS).map(|i| spawn(async move { compute(i) })).collect();
        let mut sum = 0u64;
        for task in tasks {
            sum = sum.wrapping_add(task.await.unwrap());
        }
        assert_eq!(sum, FAN_OUT_SUM, "the sum of the fan-out is another number");
    }
}

async fn nap(number: u64) -> (Duration, Duration) {
    let (mut all, mut latest) = (Duration::ZERO, Duration::ZERO);
    for i in 0..SLEEPS_EACH {
        let length = Duration::from_millis(mix(number * SLEEPS_EACH + i) % 100 + 1);
        let before = Instant::now();
        tokio::time::sleep(length).await;
        let late = before.elapsed().checked_sub(length).expect("a task woke too early");
        all += late;
        latest = latest.max(late);
    }
    (all, latest)
}

// 100,000 tasks of ten sleeps each: how late they wake.
async fn sleep_all(count: u64) {
    let tasks: Vec<_> = (0..SLEEPERS).map(|i| spawn(nap(i))).collect();
    let (mut all, mut latest) = (Duration::ZERO, Duration::ZERO);
    for task in tasks {
        let (late, worst) = task.await.unwrap();
        all += late;
        latest = latest.max(worst);
    }
    println!("late {:.3}\nlatest {}.000", all.as_nanos() as f64 / count as f64, latest.as_nanos());
}

pub fn rows() -> Vec<Row> {
    let mut sleepers = Row::fixed("sleepers", |n, _| Box::pin(sleep_all(n)), SLEEPERS * SLEEPS_EACH);
    sleepers.once = true;
    vec![sleepers, Row::growing("fan-out", |n, _| Box::pin(fan_out(n)), 1)]
}
