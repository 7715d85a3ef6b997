// The peer of bench/stacks/keel on Tokio: tasks that wait on one channel (watch, whose end wakes all of them).
// They have no stacks: a task is a state machine that the compiler made of its function.
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{watch, Notify};

struct Count {
    left: AtomicU64,
    none: Notify,
}

impl Count {
    fn new(left: u64) -> Arc<Count> {
        Arc::new(Count { left: AtomicU64::new(left), none: Notify::new() })
    }
    fn done(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.none.notify_one();
        }
    }
}

fn wait_for_line() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

async fn park(count: u64) {
    println!("ready");
    wait_for_line();

    let (gate, at_gate) = watch::channel(());
    let unparked = Count::new(count);
    let unended = Count::new(count);
    let before = Instant::now();
    for _ in 0..count {
        let (mut at_gate, unparked, unended) = (at_gate.clone(), unparked.clone(), unended.clone());
        tokio::spawn(async move {
            unparked.done();
            drop(unparked);
            let _ = at_gate.changed().await;
            unended.done();
        });
    }
    unparked.none.notified().await;
    println!("parked {}", before.elapsed().as_micros());
    wait_for_line();

    let before = Instant::now();
    drop(gate);
    unended.none.notified().await;
    println!("released {}", before.elapsed().as_micros());
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.len() == 2 {
        println!("default");
        return;
    }
    let count: u64 = arguments[2].parse().unwrap();
    let workers = std::env::var("BENCH_WORKERS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).build();
    // As a task, so that it runs on a worker like every other.
    runtime.unwrap().block_on(async move { tokio::spawn(park(count)).await.unwrap() });
}
