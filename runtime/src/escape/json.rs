//! JSON inside of pages.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Result;

/// JSON that may stand inside of a `<script>`: it contains neither `</` nor `<!`, so it can neither end the script nor begin a comment
/// in which the script's end would not count. Tornado's `json_encode` promises the first half.
///
/// # Errors
///
/// Those of [`serde_json::to_string`]: a map whose keys are not texts, or a `Serialize` that fails.
///
/// ```
/// use gustnado::escape::json_encode;
///
/// assert_eq!(json_encode("</script><!--")?, r#""<\/script>\u003c!--""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn json_encode<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    let json = serde_json::to_string(value)?;
    // Outside of texts, JSON has no `<`.
    Ok(if json.contains('<') { json.replace("</", "<\\/").replace("<!", "\\u003c!") } else { json })
}

/// What the JSON stands for.
///
/// # Errors
///
/// It is not JSON, or not that of a `T`.
///
/// ```
/// use gustnado::escape::json_decode;
///
/// let numbers: Vec<u8> = json_decode("[1, 2]")?;
/// assert_eq!(numbers, [1, 2]);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn json_decode<T: DeserializeOwned>(json: impl AsRef<[u8]>) -> Result<T> {
    serde_json::from_slice(json.as_ref())
}
