#![deny(warnings, dead_code)]

mod program {
    #[gustnado::main]
    pub async fn run() -> u32 {
        7
    }
}

fn main() {
    assert_eq!(program::run(), 7);
}
