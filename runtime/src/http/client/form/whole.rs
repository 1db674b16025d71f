//! What holds the fields: a struct, a map, a sequence of pairs.

use super::value::{Name, Value};
use super::{NoForm, no_form};
use serde::ser::{self, Impossible, Serialize};

/// The value as a whole.
pub(super) struct Whole<'a> {
    pub(super) out: &'a mut String,
}

/// One element of a sequence of pairs.
struct Pair<'a> {
    out: &'a mut String,
    name: Option<String>,
}

/// The fields of a map, whose names come before their values.
pub(super) struct Fields<'a> {
    out: &'a mut String,
    name: String,
}

impl Whole<'_> {
    fn text(self, _: &str) -> Result<(), NoForm> {
        no_form("a value without a name")
    }
}

impl Pair<'_> {
    fn text(self, _: &str) -> Result<(), NoForm> {
        no_form("a value without a name")
    }
}

impl<'a> ser::Serializer for Whole<'a> {
    type Ok = ();
    type Error = NoForm;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Impossible<(), NoForm>;
    type SerializeTupleVariant = Impossible<(), NoForm>;
    type SerializeMap = Fields<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Impossible<(), NoForm>;

    all_scalars!();

    fn serialize_none(self) -> Result<(), NoForm> {
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), NoForm> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), NoForm> {
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, NoForm> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, NoForm> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'a>, NoForm> {
        Ok(Fields { out: self.out, name: String::new() })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'a>, NoForm> {
        Ok(Fields { out: self.out, name: String::new() })
    }

    refuse! {
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct: "a value without a name";
    }
}

impl ser::SerializeSeq for Whole<'_> {
    type Ok = ();
    type Error = NoForm;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, pair: &T) -> Result<(), NoForm> {
        pair.serialize(Pair { out: self.out, name: None })
    }

    fn end(self) -> Result<(), NoForm> {
        Ok(())
    }
}

impl ser::SerializeTuple for Whole<'_> {
    type Ok = ();
    type Error = NoForm;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, pair: &T) -> Result<(), NoForm> {
        ser::SerializeSeq::serialize_element(self, pair)
    }

    fn end(self) -> Result<(), NoForm> {
        Ok(())
    }
}

impl ser::Serializer for Pair<'_> {
    type Ok = ();
    type Error = NoForm;
    type SerializeSeq = Impossible<(), NoForm>;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Impossible<(), NoForm>;
    type SerializeTupleVariant = Impossible<(), NoForm>;
    type SerializeMap = Impossible<(), NoForm>;
    type SerializeStruct = Impossible<(), NoForm>;
    type SerializeStructVariant = Impossible<(), NoForm>;

    all_scalars!();

    fn serialize_tuple(self, length: usize) -> Result<Self, NoForm> {
        if length == 2 { Ok(self) } else { no_form("a value without a name") }
    }

    refuse! {
        serialize_none() -> (): "a value without a name";
        serialize_unit() -> (): "a value without a name";
        serialize_unit_struct(&'static str) -> (): "a value without a name";
        serialize_seq(Option<usize>) -> Self::SerializeSeq: "a value without a name";
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct: "a value without a name";
        serialize_map(Option<usize>) -> Self::SerializeMap: "a map within another";
        serialize_struct(&'static str, usize) -> Self::SerializeStruct: "a struct within another";
    }
}

impl ser::SerializeTuple for Pair<'_> {
    type Ok = ();
    type Error = NoForm;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, half: &T) -> Result<(), NoForm> {
        match &self.name {
            None => self.name = Some(half.serialize(Name)?),
            Some(name) => half.serialize(Value { out: self.out, name })?,
        }
        Ok(())
    }

    fn end(self) -> Result<(), NoForm> {
        Ok(())
    }
}

impl ser::SerializeMap for Fields<'_> {
    type Ok = ();
    type Error = NoForm;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NoForm> {
        self.name = key.serialize(Name)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoForm> {
        value.serialize(Value { out: self.out, name: &self.name })
    }

    fn end(self) -> Result<(), NoForm> {
        Ok(())
    }
}

impl ser::SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = NoForm;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), NoForm> {
        value.serialize(Value { out: self.out, name })
    }

    fn end(self) -> Result<(), NoForm> {
        Ok(())
    }
}
