//! The methods of a class that are called, and what each may look like.

/// A method with a part in the life of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hook {
    Initialize,
    SetDefaultHeaders,
    Prepare,
    DataReceived,
    /// The method of a verb.
    Verb(&'static str),
    WriteError,
    LogException,
    OnFinish,
    OnConnectionClose,
}

const HOOKS: &[(&str, Hook)] = &[
    ("initialize", Hook::Initialize),
    ("set_default_headers", Hook::SetDefaultHeaders),
    ("prepare", Hook::Prepare),
    ("data_received", Hook::DataReceived),
    ("get", Hook::Verb("GET")),
    ("head", Hook::Verb("HEAD")),
    ("post", Hook::Verb("POST")),
    ("put", Hook::Verb("PUT")),
    ("patch", Hook::Verb("PATCH")),
    ("delete", Hook::Verb("DELETE")),
    ("options", Hook::Verb("OPTIONS")),
    ("write_error", Hook::WriteError),
    ("log_exception", Hook::LogException),
    ("on_finish", Hook::OnFinish),
    ("on_connection_close", Hook::OnConnectionClose),
];

impl Hook {
    pub(super) fn named(name: &str) -> Option<Self> {
        HOOKS.iter().find(|(known, _)| *known == name).map(|(_, hook)| *hook)
    }

    /// The names of all, for suggestions.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        HOOKS.iter().map(|(name, _)| *name)
    }

    /// Whether somebody waits for it.
    pub(super) fn may_wait(self) -> bool {
        !matches!(
            self,
            Self::SetDefaultHeaders | Self::LogException | Self::OnFinish | Self::OnConnectionClose
        )
    }

    /// What its last argument is, if that is not taken from the request: the type to write, and what it is.
    pub(super) fn given(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::DataReceived => Some(("chunk: Bytes", "a piece of the body")),
            Self::WriteError | Self::LogException => Some(("error: &Error", "the error")),
            _ => None,
        }
    }

    /// Whether what it returns is told to nobody.
    pub(super) fn returns_nothing(self) -> bool {
        matches!(self, Self::LogException | Self::OnFinish | Self::OnConnectionClose)
    }

    pub(super) fn verb(self) -> Option<&'static str> {
        match self {
            Self::Verb(verb) => Some(verb),
            _ => None,
        }
    }
}
