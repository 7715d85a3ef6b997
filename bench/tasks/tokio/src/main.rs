// The peer of bench/tasks/keel on Tokio: the same rows, the same operations, measured the same way. One
// worker too is the runtime for many: with fib and skynet it is faster than the one for one thread.
mod channels;
#[path = "../../compute.rs"]
mod compute;
mod tasks;
mod work;

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

const LONG_ENOUGH: Duration = Duration::from_millis(100);

pub type Run = fn(u64, usize) -> Pin<Box<dyn Future<Output = ()> + Send>>;

pub struct Row {
    pub name: &'static str,
    pub run: Run,
    pub first: u64,      // operations of the first run; each further run has twice as many
    pub fixed: u64,      // not 0: this many, run twice, the second time counts
    pub once: bool,      // run once only, and prints its figures itself
    pub is_shared: bool, // an operation's time is that of one worker
}

impl Row {
    pub const fn growing(name: &'static str, run: Run, first: u64) -> Row {
        Row { name, run, first, fixed: 0, once: false, is_shared: false }
    }
    pub const fn fixed(name: &'static str, run: Run, fixed: u64) -> Row {
        Row { name, run, first: 0, fixed, once: false, is_shared: false }
    }
}

async fn time_of(row: &Row, count: u64, workers: usize) -> Duration {
    let before = Instant::now();
    (row.run)(count, workers).await;
    before.elapsed()
}

async fn measure(row: Row, workers: usize) {
    let mut count = if row.fixed != 0 { row.fixed } else { row.first };
    let mut took = time_of(&row, count, workers).await;
    if row.once {
        return;
    }
    if row.fixed != 0 {
        took = time_of(&row, count, workers).await;
    }
    while row.fixed == 0 && took < LONG_ENOUGH {
        count *= 2;
        took = time_of(&row, count, workers).await;
    }
    let each = took.as_nanos() as f64 / count as f64;
    println!("time {:.3}", if row.is_shared { each * workers as f64 } else { each });
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    for row in tasks::rows().into_iter().chain(channels::rows()).chain(work::rows()) {
        if arguments.len() == 2 && arguments[1] == "rows" {
            println!("{}", row.name);
        } else if arguments.len() == 3 && arguments[1] == row.name {
            let workers: usize = arguments[2].parse().unwrap();
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_time().build();
            // As a task, so that it runs on a worker like every other.
            runtime.unwrap().block_on(async move { tokio::spawn(measure(row, workers)).await.unwrap() });
        }
    }
}
