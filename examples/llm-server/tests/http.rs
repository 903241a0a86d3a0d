//! Starts the server and sends it requests.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// Starts the server on a free port.
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_llm-server"))
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().rsplit(':').next().unwrap();
        Self {
            address: format!("127.0.0.1:{port}"),
            process,
        }
    }

    fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(&self, path: &str) -> String {
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        ))
    }

    fn generate(&self, prompt: &str) -> Value {
        let body = json!({ "prompt": prompt }).to_string();
        body_of(&self.send(&format!(
            "POST /generate HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn body_of(answer: &str) -> Value {
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
fn the_health_check_has_the_path_of_the_attribute() {
    assert!(Server::start().get("/health").starts_with("HTTP/1.1 200"));
}

#[test]
fn the_server_describes_its_machine() {
    let machine = body_of(&Server::start().get("/machine"));
    let expected = json!({
        "app": "llm-server",
        "machine_types": ["GPU-H100", "GPU-H200"],
        "gpus": 2,
        "vram_mb": 160_000,
        "ram_mb": 224_000,
        "batch": 16,
    });
    assert_eq!(machine, expected);
}

#[test]
fn prompts_that_arrive_together_are_answered_together() {
    let server = Server::start();
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..32)
            .map(|_| scope.spawn(|| server.generate("one two")))
            .collect();
        asking
            .into_iter()
            .map(|asking| asking.join().unwrap())
            .collect()
    });
    assert!(answers.iter().all(|answer| answer["text"] == "two one"));
    let batches: Vec<u64> = answers
        .iter()
        .filter_map(|answer| answer["batch"].as_u64())
        .collect();
    assert!(
        batches.iter().all(|&batch| (1..=16).contains(&batch)),
        "{batches:?}"
    );
    assert!(batches.iter().any(|&batch| batch > 1), "{batches:?}");
}
