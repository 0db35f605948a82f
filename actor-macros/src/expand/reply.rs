//! What a method returns: a value, or a `Result` of a value and the method's own error.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{GenericArgument, PathArguments, Type, TypePath};

use super::actor::Common;
use crate::{model::Method, tokens};

/// How that is known.
pub(crate) enum Kind<'a> {
    /// rustc is asked, and sees through aliases. It can be as long as no generic parameter is mentioned.
    Probed,
    Value,
    /// With the value and the error where they are written down.
    Result(Option<(&'a Type, &'a Type)>),
}

pub(crate) fn kind<'a>(common: &Common<'_>, method: &'a Method) -> Kind<'a> {
    let written = method.result.as_ref().and_then(written_result);
    if method.options.result {
        Kind::Result(written)
    } else if !tokens::mentions(declared(common, method), &common.parameters) {
        Kind::Probed
    } else if method.result.as_ref().is_some_and(is_named_result) {
        Kind::Result(written)
    } else {
        Kind::Value
    }
}

/// The declared type, without `Self`.
pub(crate) fn declared(common: &Common<'_>, method: &Method) -> TokenStream {
    method.result.as_ref().map_or_else(|| quote!(()), |ty| common.spelled_out(ty))
}

/// A block that is true if `ty` is a `Result`, under whatever name.
pub(crate) fn probe(common: &Common<'_>, ty: impl ToTokens) -> TokenStream {
    let support = &common.support;
    quote!({ use #support::NotResult as _; <#support::Probe<#ty>>::IS_RESULT })
}

/// The value and the error of a type that is written `Result<T, E>`.
pub(crate) fn written_result(ty: &Type) -> Option<(&Type, &Type)> {
    let Type::Path(TypePath { path, .. }) = ty else { return None };
    let segment = path.segments.last().filter(|segment| segment.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    match (types.next(), types.next(), types.next()) {
        (Some(value), Some(error), None) => Some((value, error)),
        _ => None,
    }
}

fn is_named_result(ty: &Type) -> bool {
    matches!(ty, Type::Path(TypePath { path, .. }) if path.segments.last().is_some_and(|last| last.ident == "Result"))
}
