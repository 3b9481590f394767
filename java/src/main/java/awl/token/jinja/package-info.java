/// The template language of chat templates: Jinja as Hugging Face sets it up, without any dependency and
/// byte-equal to the reference (jinja2 3.1.6 in transformers' immutable sandbox).
///
/// A source goes through [Lexer], [StatementParser], [Compiler] (which settles once, as the reference does,
/// where every name lives) and ends as a tree of small functions that [JinjaTemplate#render] runs. Nothing
/// here reflects, loads or writes anything: a template sees the values it is given, the listed filters,
/// tests, methods and globals, and no more, within the bounds of [Limits].
@NullMarked
package awl.token.jinja;

import org.jspecify.annotations.NullMarked;
