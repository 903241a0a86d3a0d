//! Prompts that arrive close together are answered together, as many as fit the machine.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

/// How long the first prompt of a batch waits for others.
const WINDOW: Duration = Duration::from_millis(20);

struct Request {
    prompt: String,
    answer: oneshot::Sender<(String, usize)>,
}

/// Where prompts wait.
#[derive(Clone)]
pub(crate) struct Queue(mpsc::Sender<Request>);

impl Queue {
    /// The completion of a prompt, and how many were answered with it.
    pub(crate) async fn complete(&self, prompt: String) -> (String, usize) {
        let (answer, answered) = oneshot::channel();
        // The worker stops only with the server, and then nobody waits for the answer.
        let _ = self.0.send(Request { prompt, answer }).await;
        answered.await.unwrap_or_default()
    }
}

/// Starts the worker, which answers at most `size` prompts together.
pub(crate) fn start(size: usize) -> Queue {
    let (queue, mut requests) = mpsc::channel::<Request>(size * 4);
    tokio::spawn(async move {
        let mut batch = Vec::with_capacity(size);
        while requests.recv_many(&mut batch, size).await > 0 {
            let _ = tokio::time::timeout(WINDOW, async {
                while batch.len() < size && requests.recv_many(&mut batch, 1).await > 0 {}
            })
            .await;
            let together = batch.len();
            for request in batch.drain(..) {
                // Whoever hung up needs no answer.
                let _ = request.answer.send((model(&request.prompt), together));
            }
        }
    });
    Queue(queue)
}

/// Stands in for the model: repeats the prompt's words from the last to the first.
fn model(prompt: &str) -> String {
    prompt
        .split_whitespace()
        .rev()
        .collect::<Vec<_>>()
        .join(" ")
}
