pub struct S{i} {
    pub name: String,
    pub machine_type: String,
    pub gpus: u32,
    pub keep_alive: Option<u64>,
}
