use super::tokens;
use crate::tokens::{mentions, text, without_self};

#[test]
fn a_type_has_one_text_however_it_is_written() {
    for (written, expected) in [
        ("Vec < u8 >", "Vec<u8>"),
        ("Result<Vec<u8,>,\n    E,\n>", "Result<Vec<u8>, E>"),
        ("(A,)", "(A,)"),
        ("(A , B ,)", "(A, B)"),
        ("( )", "()"),
        ("[u8;4]", "[u8; 4]"),
        ("[ u8 ; { N + 1 } ]", "[u8; {N + 1}]"),
        ("std :: io :: Result<()>", "std::io::Result<()>"),
        ("<T as Foo<U>>::Bar", "<T as Foo<U>>::Bar"),
        ("<Vec<u8> as Foo>::Bar", "<Vec<u8> as Foo>::Bar"),
        ("&'static   str", "&'static str"),
        ("&mut T", "&mut T"),
        ("*const (A, B)", "*const (A, B)"),
        ("Box<dyn Fn(A)->B+Send+'static>", "Box<dyn Fn(A) -> B + Send + 'static>"),
        ("Box<dyn Iterator<Item=u8>>", "Box<dyn Iterator<Item = u8>>"),
        ("fn(A,B)->C", "fn(A, B) -> C"),
        ("for<'a> fn(&'a T)", "for<'a> fn(&'a T)"),
        ("Array<u8, 3>", "Array<u8, 3>"),
        ("r#type::Name", "r#type::Name"),
        ("vec_of!(T)", "vec_of!(T)"),
    ] {
        assert_eq!(text(tokens(written)), expected);
    }
}

#[test]
fn self_is_spelled_out_at_any_depth() {
    let actor = tokens("Cache<T>");
    for (written, expected) in [
        ("ActorRef<Self>", "ActorRef<Cache<T>>"),
        ("[(Self, u8); Self::N]", "[(Cache<T>, u8); <Cache<T>>::N]"),
        ("where Self: Sized, Vec<Self>: Sized", "where Cache<T>: Sized, Vec<Cache<T>>: Sized"),
        ("<Self as Trait>::Out", "<Cache<T> as Trait>::Out"),
    ] {
        assert_eq!(text(without_self(tokens(written), &actor)), expected);
    }
}

#[test]
fn generic_parameters_are_found_at_any_depth() {
    let names = [quote::format_ident!("T")];
    assert!(mentions(tokens("Vec<[(u8, T); 3]>"), &names));
    assert!(!mentions(tokens("Vec<[(u8, Text); 3]>"), &names));
}
