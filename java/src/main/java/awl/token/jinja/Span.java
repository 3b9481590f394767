package awl.token.jinja;

/// A half-open range of a text.
public record Span(int start, int end) {}
