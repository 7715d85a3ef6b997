// The rows that compute, and those that sleep.
use crate::compute::{compute, mix, FAN_OUT_SUM, FAN_OUT_TASKS};
use crate::Row;
use std::time::{Duration, Instant};
use tokio::task::spawn;

const SLEEPERS: u64 = 100 * 1000;
const SLEEPS_EACH: u64 = 10;

// 64 tasks that compute for a millisecond each; an operation is all of them.
async fn fan_out(count: u64) {
    for _ in 0..count {
        let tasks: Vec<_> = (0..FAN_OUT_TASKS).map(|i| spawn(async move { compute(i as u64) })).collect();
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
