#![deny(warnings, dead_code)]

use std::process::ExitCode;

#[gustnado::main]
async fn main() -> ExitCode {
    ExitCode::SUCCESS
}
