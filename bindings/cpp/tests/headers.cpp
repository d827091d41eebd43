// Compiled by headers.sh: calls everything once, so that every template is looked at in every standard.
#include <lgstore.hpp>
#include <lgstore/nlohmann.hpp>

int main() {}
