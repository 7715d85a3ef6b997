// Rows of tasks alone: yield, spawn, await, wait, and fib with a task a call.
use crate::Row;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;
use tokio::task::{spawn, yield_now, JoinHandle};

const MILLION: u64 = 1000 * 1000;
const FIB_OF: u64 = 30;
const FIB_VALUE: u64 = 832040;
const FIB_TASKS: u64 = 2692537; // calls of fib(30)

// Two tasks a worker yield to each other; an operation is one yield.
async fn yields(count: u64, workers: usize) {
    let number = 2 * workers as u64;
    let tasks: Vec<_> = (0..number)
        .map(|_| {
            spawn(async move {
                for _ in 0..count / number {
                    yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

// Tasks one by one, each started and awaited.
async fn spawn_and_await(count: u64) {
    for _ in 0..count {
        spawn(async {}).await.unwrap();
    }
}

// A million tasks, then each awaited, in the order in which they were made.
async fn spawn_and_await_all(count: u64) {
    let tasks: Vec<_> = (0..count).map(|i| spawn(async move { i })).collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await.unwrap();
    }
    assert_eq!(sum, count * (count - 1) / 2, "a result was lost");
}

// A million tasks that nobody awaits, until all have run: Tokio has no wait group, so a count and a
// notification.
async fn spawn_all(count: u64) {
    let crowd: &'static _ = Box::leak(Box::new((AtomicU64::new(count), Notify::new())));
    for _ in 0..count {
        spawn(async move {
            if crowd.0.fetch_sub(1, Ordering::AcqRel) == 1 {
                crowd.1.notify_one();
            }
        });
    }
    crowd.1.notified().await;
}

fn fib(n: u64) -> JoinHandle<u64> {
    spawn(async move {
        if n < 2 {
            return n;
        }
        let (first, second) = (fib(n - 1), fib(n - 2));
        first.await.unwrap() + second.await.unwrap()
    })
}

// fib(30), every call a task that awaits its two children; an operation is one task.
async fn fib_by_tasks() {
    assert_eq!(fib(FIB_OF).await.unwrap(), FIB_VALUE, "fib(30) is another number");
}

pub fn rows() -> Vec<Row> {
    let mut switch = Row::growing("switch", |n, w| Box::pin(yields(n, w)), 4096);
    switch.is_shared = true;
    vec![
        switch,
        Row::growing("spawn-await", |n, _| Box::pin(spawn_and_await(n)), 1000),
        Row::fixed("spawn-million", |n, _| Box::pin(spawn_all(n)), MILLION),
        Row::fixed("await-million", |n, _| Box::pin(spawn_and_await_all(n)), MILLION),
        Row::fixed("fib", |_, _| Box::pin(fib_by_tasks()), FIB_TASKS),
    ]
}
