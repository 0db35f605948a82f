//! Types as text, and types with `Self` spelled out.

use proc_macro2::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;

/// A name without `r#`.
pub(crate) fn plain_name(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// `text` as an identifier that stands where `at` stands and is resolved where the macro was called.
pub(crate) fn ident(text: &str, at: Span) -> Ident {
    Ident::new(text, Span::call_site().located_at(at))
}

/// A name of the user's, in code that is not.
pub(crate) fn borrowed(ident: &Ident) -> Ident {
    let mut borrowed = ident.clone();
    borrowed.set_span(Span::call_site().located_at(ident.span()));
    borrowed
}

/// `tokens` with every span at `at`, so that rustc points there.
pub(crate) fn located(tokens: TokenStream, at: Span) -> TokenStream {
    let relocate = |mut tree: TokenTree| {
        if let TokenTree::Group(group) = &tree {
            tree = Group::new(group.delimiter(), located(group.stream(), at)).into();
        }
        tree.set_span(at);
        tree
    };
    tokens.into_iter().map(relocate).collect()
}

/// The spans that `tokens` begin and end with.
pub(crate) fn ends(tokens: impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.into_token_stream().into_iter().map(|tree| tree.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (first, spans.last().unwrap_or(first))
}

/// `tokens` with `actor` in the place of `Self`.
pub(crate) fn without_self(tokens: impl ToTokens, actor: &TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    let mut trees = tokens.into_token_stream().into_iter().peekable();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Ident(ident) if ident == "Self" => {
                let actor = located(actor.clone(), ident.span());
                let path_goes_on = matches!(
                    trees.peek(),
                    Some(TokenTree::Punct(next)) if next.as_char() == ':' && next.spacing() == Spacing::Joint
                );
                out.extend(if path_goes_on { quote!(<#actor>) } else { actor });
            }
            TokenTree::Group(group) => {
                let mut replaced = Group::new(group.delimiter(), without_self(group.stream(), actor));
                replaced.set_span(group.span());
                out.extend([TokenTree::from(replaced)]);
            }
            other => out.extend([other]),
        }
    }
    out
}

/// Whether one of `names` occurs.
pub(crate) fn mentions(tokens: impl ToTokens, names: &[Ident]) -> bool {
    tokens.into_token_stream().into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => names.contains(&ident),
        TokenTree::Group(group) => mentions(group.stream(), names),
        _ => false,
    })
}

/// The tokens of a type as text, with one way of setting spaces: `Result<Vec<u8>, E>`.
pub(crate) fn text(tokens: impl ToTokens) -> String {
    let mut text = Text::default();
    text.write(tokens.into_token_stream(), false);
    text.out
}

#[derive(Default)]
struct Text {
    out: String,
}

impl Text {
    fn write(&mut self, tokens: TokenStream, is_tuple: bool) {
        let mut trees = tokens.into_iter().peekable();
        let mut commas = 0;
        while let Some(tree) = trees.next() {
            match tree {
                TokenTree::Group(group) => self.group(&group),
                TokenTree::Ident(ident) => self.word(&ident.to_string()),
                TokenTree::Literal(literal) => self.word(&literal.to_string()),
                TokenTree::Punct(punct) => {
                    let next = trees.peek();
                    let closes = next.is_none_or(|next| matches!(next, TokenTree::Punct(p) if p.as_char() == '>'));
                    match punct.as_char() {
                        ',' if closes && is_tuple && commas == 0 => self.out.push(','),
                        ',' if closes => {}
                        ',' => {
                            commas += 1;
                            self.out.push_str(", ");
                        }
                        ';' => self.out.push_str("; "),
                        '\'' => self.lifetime(),
                        sign @ ('+' | '=') => self.spaced(sign),
                        '-' if punct.spacing() == Spacing::Joint => self.out.push_str(" -"),
                        '>' if self.out.ends_with(" -") => self.out.push_str("> "),
                        ':' if punct.spacing() == Spacing::Alone && !self.out.ends_with(':') => self.out.push_str(": "),
                        sign => self.out.push(sign),
                    }
                }
            }
        }
    }

    fn group(&mut self, group: &Group) {
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::None => ("", ""),
        };
        if ["dyn", "mut", "const", "as", "impl"].iter().any(|keyword| self.ends_with_word(keyword)) {
            self.out.push(' ');
        }
        self.out.push_str(open);
        self.write(group.stream(), group.delimiter() == Delimiter::Parenthesis);
        self.out.push_str(close);
    }

    fn word(&mut self, word: &str) {
        let follows_word = self.out.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '>' | ')' | ']'));
        if follows_word {
            self.out.push(' ');
        }
        self.out.push_str(word);
    }

    fn lifetime(&mut self) {
        if self.out.ends_with(|c: char| c.is_alphanumeric()) {
            self.out.push(' ');
        }
        self.out.push('\'');
    }

    fn spaced(&mut self, sign: char) {
        self.out.push(' ');
        self.out.push(sign);
        self.out.push(' ');
    }

    fn ends_with_word(&self, word: &str) -> bool {
        self.out.strip_suffix(word).is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    }
}
