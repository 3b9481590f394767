package awl.token.jinja;

/// The mark of a slot or an argument that nobody filled. Templates never see it: reading it gives an
/// [Undefined].
enum Missing {
    MISSING
}
