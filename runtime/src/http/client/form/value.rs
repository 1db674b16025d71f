//! What is in the fields: values, and their names.

use super::{NoForm, no_form, put};
use serde::ser::{self, Impossible, Serialize};

/// A value under a name.
pub(super) struct Value<'a> {
    pub(super) out: &'a mut String,
    pub(super) name: &'a str,
}

/// A name, or a pair's first half.
pub(super) struct Name;

impl Name {
    fn text(self, text: &str) -> Result<String, NoForm> {
        Ok(text.to_owned())
    }
}

impl Value<'_> {
    fn text(self, text: &str) -> Result<(), NoForm> {
        put(self.out, self.name, text);
        Ok(())
    }
}

impl ser::Serializer for Name {
    type Ok = String;
    type Error = NoForm;
    type SerializeSeq = Impossible<String, NoForm>;
    type SerializeTuple = Impossible<String, NoForm>;
    type SerializeTupleStruct = Impossible<String, NoForm>;
    type SerializeTupleVariant = Impossible<String, NoForm>;
    type SerializeMap = Impossible<String, NoForm>;
    type SerializeStruct = Impossible<String, NoForm>;
    type SerializeStructVariant = Impossible<String, NoForm>;

    all_scalars!();

    refuse! {
        serialize_none() -> String: "a name that is nothing";
        serialize_unit() -> String: "a name that is nothing";
        serialize_unit_struct(&'static str) -> String: "a name that is nothing";
        serialize_seq(Option<usize>) -> Self::SerializeSeq: "a name of many parts";
        serialize_tuple(usize) -> Self::SerializeTuple: "a name of many parts";
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct: "a name of many parts";
        serialize_map(Option<usize>) -> Self::SerializeMap: "a name of many parts";
        serialize_struct(&'static str, usize) -> Self::SerializeStruct: "a name of many parts";
    }
}

impl ser::Serializer for Value<'_> {
    type Ok = ();
    type Error = NoForm;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Impossible<(), NoForm>;
    type SerializeTupleVariant = Impossible<(), NoForm>;
    type SerializeMap = Impossible<(), NoForm>;
    type SerializeStruct = Impossible<(), NoForm>;
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

    refuse! {
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct: "a value of many parts";
        serialize_map(Option<usize>) -> Self::SerializeMap: "a map within another";
        serialize_struct(&'static str, usize) -> Self::SerializeStruct: "a struct within another";
    }
}

impl ser::SerializeSeq for Value<'_> {
    type Ok = ();
    type Error = NoForm;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoForm> {
        value.serialize(Value { out: self.out, name: self.name })
    }

    fn end(self) -> Result<(), NoForm> {
        Ok(())
    }
}

impl ser::SerializeTuple for Value<'_> {
    type Ok = ();
    type Error = NoForm;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoForm> {
        ser::SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<(), NoForm> {
        Ok(())
    }
}
