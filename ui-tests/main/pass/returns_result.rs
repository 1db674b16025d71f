#![deny(warnings, dead_code)]

use gustnado::prelude::*;

/// The program.
#[gustnado::main]
#[allow(clippy::unused_async)]
async fn main() -> Result<()> {
    let number: u32 = "7".parse()?;
    assert_eq!(number, 7);
    Ok(())
}
