// The peer of bench/tasks/keel/fork.c on rayon: fib by join, loops by parallel iterators, and the fan-out.
#[path = "../../compute.rs"]
mod compute;

use compute::{compute, mix, FAN_OUT_SUM, FAN_OUT_TASKS};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

const LONG_ENOUGH: Duration = Duration::from_millis(100);
const LOOP_LENGTH: usize = 1 << 20;
const LOOP_HITS: usize = 261;
const SAXPY_LENGTH: usize = 1 << 22;
const SAXPY_GRAIN: usize = 1 << 14;
const FIB_OF: u64 = 32;
const FIB_VALUE: u64 = 2178309;
const FIB_CALLS: u64 = 7049155;

fn fan_out(count: u64) {
    for _ in 0..count {
        let mut results = [0u64; FAN_OUT_TASKS];
        rayon::scope(|scope| {
            for (i, result) in results.iter_mut().enumerate() {
                scope.spawn(move |_| *result = compute(i as u64));
            }
        });
        let sum = results.iter().fold(0u64, |sum, result| sum.wrapping_add(*result));
        assert_eq!(sum, FAN_OUT_SUM, "the sum of the fan-out is another number");
    }
}

fn fib(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (second, first) = rayon::join(|| fib(n - 2), || fib(n - 1));
    first + second
}

fn fork_fib(count: u64) {
    for _ in 0..count / FIB_CALLS {
        assert_eq!(fib(std::hint::black_box(FIB_OF)), FIB_VALUE, "fib(32) is another number");
    }
}

// The parts are ranges of `grain`, as in the other programs.
fn loops(count: u64, grain: usize) {
    let marks: Vec<AtomicU8> = (0..LOOP_LENGTH).map(|_| AtomicU8::new(0)).collect();
    let mut mark = 0u8;
    for _ in 0..count / LOOP_LENGTH as u64 {
        mark = mark % 255 + 1;
        (0..LOOP_LENGTH / grain).into_par_iter().with_max_len(1).for_each(|part| {
            for i in part * grain..(part + 1) * grain {
                if mix(i as u64) & 4095 == 0 {
                    marks[i].store(mark, Ordering::Relaxed);
                }
            }
        });
    }
    let hits = marks.iter().filter(|hit| hit.load(Ordering::Relaxed) == mark).count();
    assert_eq!(hits, LOOP_HITS, "a part of the loop is missing");
}

// The arrays are there from the first run on; how often it was done to them is counted.
static SAXPY: Mutex<(Vec<f32>, Vec<f32>, u64)> = Mutex::new((Vec::new(), Vec::new(), 0));

fn saxpy(count: u64) {
    let mut guard = SAXPY.lock().unwrap();
    let (left, right, passes) = &mut *guard;
    if left.is_empty() {
        *left = (0..SAXPY_LENGTH).map(|i| (i % 8) as f32).collect();
        *right = vec![0f32; SAXPY_LENGTH];
    }
    for _ in 0..count / SAXPY_LENGTH as u64 {
        *passes += 1;
        right.par_chunks_mut(SAXPY_GRAIN).zip(left.par_chunks(SAXPY_GRAIN)).with_max_len(1).for_each(|(y, x)| {
            for (y, x) in y.iter_mut().zip(x) {
                *y += 3.0 * x;
            }
        });
    }
    for i in (0..SAXPY_LENGTH).step_by(1009) {
        assert_eq!(right[i], 3.0 * left[i] * *passes as f32, "a part of saxpy is missing");
    }
}

type Row = (&'static str, fn(u64), u64);

const ROWS: [Row; 6] = [
    ("fork-fib", fork_fib, FIB_CALLS),
    ("loop-1", |count| loops(count, 1), LOOP_LENGTH as u64),
    ("loop-32", |count| loops(count, 32), LOOP_LENGTH as u64),
    ("loop-1024", |count| loops(count, 1024), LOOP_LENGTH as u64),
    ("saxpy", saxpy, SAXPY_LENGTH as u64),
    ("fan-out", fan_out, 1),
];

// With ever more operations until it takes long enough to be measured; the last run counts.
fn measure(run: fn(u64), mut count: u64) {
    loop {
        let before = Instant::now();
        run(count);
        let took = before.elapsed();
        if took >= LONG_ENOUGH {
            println!("time {:.3}", took.as_nanos() as f64 / count as f64);
            return;
        }
        count *= 2;
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    for (name, run, first) in ROWS {
        if arguments.len() == 2 && arguments[1] == "rows" {
            println!("{name}");
        } else if arguments.len() == 3 && arguments[1] == name {
            let workers = arguments[2].parse().unwrap();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build().unwrap();
            pool.install(|| measure(run, first));
        }
    }
}
