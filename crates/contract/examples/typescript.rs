//! Prints the TypeScript of the contract; `./dev codegen` writes it where the page reads it.

#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

fn main() {
    print!("{}", checkgate_contract::typescript::generate());
}
