//! What an application provides its handlers with: one value of each type.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

/// A type that an application must have been given, because an argument of a handler asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    id: TypeId,
    name: &'static str,
}

impl Requirement {
    /// The requirement of a `T` from [`Application::provide`](super::Application::provide).
    pub fn of<T: 'static>() -> Self {
        Self { id: TypeId::of::<T>(), name: type_name::<T>() }
    }
}

/// The type's name.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The values, by type.
#[derive(Default)]
pub(crate) struct Provided(HashMap<TypeId, Box<dyn Any>, BuildHasherDefault<TypeIdHasher>>);

impl Provided {
    /// Whether this is the first `T`.
    pub(crate) fn insert<T: 'static>(&mut self, value: T) -> bool {
        self.0.insert(TypeId::of::<T>(), Box::new(value)).is_none()
    }

    #[inline]
    pub(crate) fn value<T: 'static>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref()
    }

    pub(crate) fn satisfies(&self, requirement: Requirement) -> bool {
        self.0.contains_key(&requirement.id)
    }
}

/// A `TypeId` is a hash already.
#[derive(Default)]
struct TypeIdHasher(u64);

impl Hasher for TypeIdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_the_value_of_each_type() {
        let mut provided = Provided::default();
        assert!(provided.insert(7_u8));
        assert!(provided.insert("text"));
        assert_eq!(provided.value::<u8>(), Some(&7));
        assert_eq!(provided.value::<&str>(), Some(&"text"));
        assert_eq!(provided.value::<u16>(), None);
    }

    #[test]
    fn tells_a_second_value_of_a_type() {
        let mut provided = Provided::default();
        assert!(provided.insert(7_u8));
        assert!(!provided.insert(8_u8));
    }

    #[test]
    fn knows_which_requirements_it_meets() {
        let mut provided = Provided::default();
        provided.insert(7_u8);
        assert!(provided.satisfies(Requirement::of::<u8>()));
        assert!(!provided.satisfies(Requirement::of::<u16>()));
        assert_eq!(Requirement::of::<u16>().to_string(), "u16");
    }
}
