mod a {
    #[machinist::app(machine_type = "S")]
    pub struct LlmServer;
}

mod b {
    #[machinist::app(machine_type = "M")]
    pub fn llm_server() {}
}

fn main() {
    let _ = a::LlmServer;
    b::llm_server();
}
