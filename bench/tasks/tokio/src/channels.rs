// Rows of tasks with channels. Tokio has no rendezvous: where the others have capacity 0, it has 1,
// and skynet's nodes have 10, which is faster.
use crate::Row;
use tokio::sync::mpsc::{channel, Receiver, Sender};
use tokio::task::spawn;

const BUFFERED_CAPACITY: usize = 1024;
const RING_TASKS: usize = 503;
const CHILDREN: u64 = 10;
const LEAVES: u64 = 1000 * 1000;

// Two channels between two tasks; an operation is there and back.
async fn ping_pong(count: u64) {
    let (there, mut at_echo) = channel::<u64>(1);
    let (back, mut at_home) = channel::<u64>(1);
    let task = spawn(async move {
        while let Some(number) = at_echo.recv().await {
            back.send(number).await.unwrap();
        }
    });
    for i in 0..count {
        there.send(i).await.unwrap();
        assert_eq!(at_home.recv().await, Some(i), "another message came back");
    }
    drop(there);
    task.await.unwrap();
}

// One sender, one receiver; an operation is one message.
async fn buffered(count: u64) {
    let (there, mut here) = channel::<u64>(BUFFERED_CAPACITY);
    let task = spawn(async move {
        for i in 0..count {
            there.send(i).await.unwrap();
        }
    });
    let mut sum = 0;
    while let Some(number) = here.recv().await {
        sum += number;
    }
    assert_eq!(sum, count * (count - 1) / 2, "a message was lost");
    task.await.unwrap();
}

// Who receives 0 reports itself; the others pass on one less, until their channel is closed.
async fn pass_on(mut from: Receiver<u64>, to: Sender<u64>, end: Sender<u64>, number: u64) {
    while let Some(hops) = from.recv().await {
        if hops == 0 {
            end.send(number).await.unwrap();
            return;
        }
        if to.send(hops - 1).await.is_err() {
            return;
        }
    }
}

// A token goes round a ring of 503 tasks; an operation is one hop. Who reported ends, so its channel
// closes, and the tasks end one behind the other.
async fn thread_ring(count: u64) {
    let (end, mut at_end) = channel::<u64>(1);
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..RING_TASKS).map(|_| channel::<u64>(1)).unzip();
    let first = senders[0].clone();
    let mut tasks = Vec::new();
    for (i, receiver) in receivers.into_iter().enumerate() {
        let next = senders[(i + 1) % RING_TASKS].clone();
        tasks.push(spawn(pass_on(receiver, next, end.clone(), i as u64 + 1)));
    }
    drop(senders);
    first.send(count).await.unwrap();
    let last = at_end.recv().await;
    assert_eq!(last, Some(count % RING_TASKS as u64 + 1), "the token ended with another task");
    drop(first);
    for task in tasks {
        task.await.unwrap();
    }
}

fn sky(up: Sender<u64>, number: u64, size: u64) {
    spawn(async move {
        if size == 1 {
            up.send(number).await.unwrap();
            return;
        }
        let (below, mut here) = channel::<u64>(CHILDREN as usize);
        let size = size / CHILDREN;
        for i in 0..CHILDREN {
            sky(below.clone(), number + i * size, size);
        }
        let mut sum = 0;
        for _ in 0..CHILDREN {
            sum += here.recv().await.unwrap();
        }
        up.send(sum).await.unwrap();
    });
}

// Skynet: ten children a node, a million leaves, each sends its number up; an operation is a leaf.
async fn skynet(count: u64) {
    let (up, mut here) = channel::<u64>(1);
    sky(up, 0, count);
    let sum = here.recv().await;
    assert_eq!(sum, Some(count * (count - 1) / 2), "the sum of skynet is another number");
}

pub fn rows() -> Vec<Row> {
    vec![
        Row::growing("ping-pong", |n, _| Box::pin(ping_pong(n)), 1000),
        Row::growing("buffered", |n, _| Box::pin(buffered(n)), 1000),
        Row::growing("threadring", |n, _| Box::pin(thread_ring(n)), 1000),
        Row::fixed("skynet", |n, _| Box::pin(skynet(n)), LEAVES),
    ]
}
