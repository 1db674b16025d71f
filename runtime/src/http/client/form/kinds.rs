//! Serde's many kinds of values, by what becomes of them.

/// Refuses kinds of values: those of no name, and those of more than one.
macro_rules! refuse {
    ($($method:ident($($argument:ty),*) -> $result:ty: $what:literal;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$result, NoForm> {
            no_form($what)
        })*
    };
}

/// Writes what has a text of its own by `text`.
macro_rules! scalars {
    ($($method:ident($scalar:ty);)*) => {
        $(fn $method(self, value: $scalar) -> Result<Self::Ok, NoForm> {
            self.text(&value.to_string())
        })*
    };
}

macro_rules! all_scalars {
    () => {
        scalars! {
            serialize_bool(bool);
            serialize_i8(i8);
            serialize_i16(i16);
            serialize_i32(i32);
            serialize_i64(i64);
            serialize_i128(i128);
            serialize_u8(u8);
            serialize_u16(u16);
            serialize_u32(u32);
            serialize_u64(u64);
            serialize_u128(u128);
            serialize_f32(f32);
            serialize_f64(f64);
            serialize_char(char);
        }

        fn serialize_str(self, value: &str) -> Result<Self::Ok, NoForm> {
            self.text(value)
        }

        fn serialize_unit_variant(
            self,
            _: &'static str,
            _: u32,
            variant: &'static str,
        ) -> Result<Self::Ok, NoForm> {
            self.text(variant)
        }

        fn serialize_newtype_struct<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            value: &T,
        ) -> Result<Self::Ok, NoForm> {
            value.serialize(self)
        }

        fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Self::Ok, NoForm> {
            value.serialize(self)
        }

        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<Self::Ok, NoForm> {
            no_form("an enum with values")
        }

        refuse! {
            serialize_bytes(&[u8]) -> Self::Ok: "a byte string";
            serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant: "an enum with values";
            serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant: "an enum with values";
        }
    };
}
