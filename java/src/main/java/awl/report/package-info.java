/// Reports as single HTML files: no script, no font and no picture from elsewhere, dark and light, on a phone and on
/// paper. Knows pages, tables and charts, not what they show.
@org.jspecify.annotations.NullMarked
package awl.report;
