#![deny(warnings)]

use std::process::ExitCode;

#[gustnado::main]
async fn main() -> ExitCode {
    ExitCode::SUCCESS
}
