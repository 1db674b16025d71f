//! What an application provides its handlers with: one value of each type, for all requests or for each.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

use super::per_request::Maker;

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

/// The values, and how those of single requests are made, by type.
#[derive(Default)]
pub(crate) struct Provided {
    entries: HashMap<TypeId, Entry, BuildHasherDefault<TypeIdHasher>>,
    /// What the application has that this one is mounted in.
    parent: Option<Rc<Provided>>,
}

enum Entry {
    Value(Box<dyn Any>),
    Maker(Maker),
}

impl Provided {
    /// Whether this is the first `T`.
    pub(crate) fn insert<T: 'static>(&mut self, value: T) -> bool {
        self.entries.insert(TypeId::of::<T>(), Entry::Value(Box::new(value))).is_none()
    }

    /// Whether this is the first `T`.
    pub(super) fn insert_maker<T: 'static>(&mut self, maker: Maker) -> bool {
        self.entries.insert(TypeId::of::<T>(), Entry::Maker(maker)).is_none()
    }

    /// Finds in `parent` what is not here.
    pub(super) fn within(&mut self, parent: Rc<Provided>) {
        self.parent = Some(parent);
    }

    /// The value of the whole application.
    #[inline]
    pub(crate) fn value<T: 'static>(&self) -> Option<&T> {
        match self.entries.get(&TypeId::of::<T>()) {
            Some(Entry::Value(value)) => value.downcast_ref(),
            Some(Entry::Maker(_)) => None,
            None => self.parent.as_ref()?.value(),
        }
    }

    /// How a value of one request is made.
    pub(super) fn maker(&self, id: TypeId) -> Option<&Maker> {
        match self.entries.get(&id) {
            Some(Entry::Value(_)) => None,
            Some(Entry::Maker(maker)) => Some(maker),
            None => self.parent.as_ref()?.maker(id),
        }
    }

    pub(super) fn makes(&self, requirement: Requirement) -> bool {
        self.maker(requirement.id).is_some()
    }

    /// All that say how values of single requests are made.
    pub(super) fn makers(&self) -> impl Iterator<Item = &Maker> {
        self.entries.values().filter_map(|entry| match entry {
            Entry::Value(_) => None,
            Entry::Maker(maker) => Some(maker),
        })
    }

    /// Whether something is made for single requests.
    pub(super) fn has_makers(&self) -> bool {
        let inherited = || self.parent.as_ref().is_some_and(|parent| parent.has_makers());
        self.makers().next().is_some() || inherited()
    }

    /// What is made of something that is not there, as problems.
    pub(super) fn unmet(&self) -> impl Iterator<Item = String> {
        self.makers().flat_map(|maker| {
            let unmet = maker.needs.iter().filter(|need| !self.satisfies(**need));
            unmet.map(|need| {
                let (name, place) = (maker.name, maker.place);
                format!("making a {name} for each request ({place}) needs a &{need}, which was not provided")
            })
        })
    }

    pub(crate) fn satisfies(&self, requirement: Requirement) -> bool {
        let inherited = || self.parent.as_ref().is_some_and(|parent| parent.satisfies(requirement));
        self.entries.contains_key(&requirement.id) || inherited()
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
