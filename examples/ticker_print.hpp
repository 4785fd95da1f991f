#pragma once

#include "ticker_run.hpp"

#include <nlohmann/json_fwd.hpp>

#include <ostream>

namespace ticker_example {

/// Text: what was asked and got, a line for each CPU, and how late the ticks were.
void print(std::ostream& out, const Result& result);

/// The same as an object.
nlohmann::ordered_json to_json(const Result& result);

}  // namespace ticker_example
