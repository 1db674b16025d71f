//! Saying who asks.

#[cfg(feature = "digest-auth")]
mod challenge;
#[cfg(feature = "digest-auth")]
mod digest;

#[cfg(feature = "digest-auth")]
pub(super) use self::digest::Digest;

use super::record::Parts;
use super::url::Credentials;
use crate::http::base64;
use crate::ioloop::Core;

impl Parts {
    /// The value of Authorization, if there is a user, and the server may be told of it.
    pub(super) fn authorization(&mut self, core: &Core) -> Option<String> {
        let user = self.credentials.as_ref()?;
        match &mut self.digest {
            None => Some(user.basic()),
            Some(digest) => {
                digest.authorization(user, self.method.as_str(), self.url.target(), core)
            }
        }
    }

    /// Whether the request is to be sent again, because the response says how its user is to be proved.
    #[inline]
    pub(super) fn is_challenged(&mut self) -> bool {
        let Some(mut digest) = self.digest.take() else { return false };
        let is_challenged = digest.is_challenged(self);
        self.digest = Some(digest);
        is_challenged
    }
}

/// What nobody can ask for without the feature.
#[cfg(not(feature = "digest-auth"))]
pub(super) enum Digest {}

#[cfg(not(feature = "digest-auth"))]
impl Digest {
    fn authorization(&mut self, _: &Credentials, _: &str, _: &str, _: &Core) -> Option<String> {
        match *self {}
    }

    fn is_challenged(&mut self, _: &Parts) -> bool {
        match *self {}
    }

    pub(super) fn restart(&mut self) {
        match *self {}
    }
}

impl Credentials {
    /// The value of Authorization for the Basic scheme, in UTF-8. RFC 7617.
    pub(super) fn basic(&self) -> String {
        let mut value = String::from("Basic ");
        base64::encode(format!("{}:{}", self.username, self.password).as_bytes(), &mut value);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7617 §2 and §2.1.
    #[test]
    fn a_user_is_sent_as_the_rfc_has_it() {
        let basic = |username: &str, password: &str| {
            let credentials = Credentials { username: username.into(), password: password.into() };
            credentials.basic()
        };
        assert_eq!(basic("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(basic("test", "123\u{a3}"), "Basic dGVzdDoxMjPCow==");
    }
}
