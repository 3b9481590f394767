@org.jspecify.annotations.NullMarked
package awl.serve.http;
