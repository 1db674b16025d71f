use gustnado::stream_request_body;

#[stream_request_body]
struct Upload;

fn main() {
    drop(Upload);
}
