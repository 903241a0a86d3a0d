//! Batches: prompts that arrive close together are answered together, as many as fit into the
//! machine's memory.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

/// How long the first prompt of a batch waits for others.
const WINDOW: Duration = Duration::from_millis(20);

struct Request {
    prompt: String,
    answer: oneshot::Sender<(String, usize)>,
}

/// The queue in which prompts wait for the worker.
#[derive(Clone)]
pub(crate) struct Queue(mpsc::Sender<Request>);

impl Queue {
    /// The completion of a prompt, and the size of its batch.
    pub(crate) async fn complete(&self, prompt: String) -> (String, usize) {
        let (answer, answered) = oneshot::channel();
        // Sending fails only when the server stops, and then the answer is no longer needed.
        let _ = self.0.send(Request { prompt, answer }).await;
        answered.await.unwrap_or_default()
    }
}

/// Starts the worker, which answers prompts in batches of at most `size`.
pub(crate) fn start(size: usize) -> Queue {
    let (queue, mut requests) = mpsc::channel::<Request>(size * 4);
    tokio::spawn(async move {
        let mut batch = Vec::with_capacity(size);
        while requests.recv_many(&mut batch, size).await > 0 {
            let _ = tokio::time::timeout(WINDOW, async {
                while batch.len() < size && requests.recv_many(&mut batch, 1).await > 0 {}
            })
            .await;
            let batch_size = batch.len();
            for request in batch.drain(..) {
                // Sending fails if the client has hung up.
                let _ = request.answer.send((generate(&request.prompt), batch_size));
            }
        }
    });
    Queue(queue)
}

/// Takes the place of a model: repeats the words of the prompt in reverse order.
fn generate(prompt: &str) -> String {
    prompt
        .split_whitespace()
        .rev()
        .collect::<Vec<_>>()
        .join(" ")
}
