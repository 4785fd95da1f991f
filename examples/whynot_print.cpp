#include "whynot_print.hpp"

#include "common/printable.hpp"

#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace whynot {

namespace {

using Json = nlohmann::ordered_json;

std::string_view shown(fathom::TraceMechanism mechanism) {
  // As those who use it spell it.
  return mechanism == fathom::TraceMechanism::kprobe_multi ? "kprobe.multi" : to_string(mechanism);
}

void write_verdict(std::ostream& out, std::string_view indent, std::string_view mechanism,
                   const fathom::TraceVerdict& verdict) {
  fmt::print(out, "{}  {:<13} {}", indent, mechanism, to_string(verdict.answer));
  std::string_view before = ": ";
  for (const fathom::TraceReason& reason : verdict.reasons) {
    out << before << examples::printable(reason.sentence());
    before = "; and ";
  }
  out << '\n';
}

// Several mechanisms often fail for one reason; its remedy is told once.
void write_remedies(std::ostream& out, std::string_view indent, const fathom::FunctionTraceability& answer) {
  std::vector<std::string> told;
  for (const fathom::TraceVerdict& verdict : answer.verdicts) {
    for (const fathom::TraceReason& reason : verdict.reasons) {
      std::string remedy = reason.remedy();
      if (remedy.empty() || std::ranges::find(told, remedy) != told.end())
        continue;
      fmt::print(out, "{}  {:<13} {}\n", indent, told.empty() ? "instead" : "", examples::printable(remedy));
      told.push_back(std::move(remedy));
    }
  }
}

void write_text(std::ostream& out, const fathom::FunctionTraceability& answer, const std::string& indent) {
  out << indent << examples::printable(answer.function + (answer.module.empty() ? "" : " [" + answer.module + "]"))
      << '\n';
  for (const fathom::TraceMechanism mechanism : fathom::kTraceMechanisms)
    write_verdict(out, indent, shown(mechanism), answer[mechanism]);
  write_remedies(out, indent, answer);
  for (const fathom::FunctionTraceability& part : answer.parts)
    write_text(out, part, indent + "  ");
}

Json json_of(const fathom::TraceReason& reason) {
  Json json{{"kind", to_string(reason.kind)}, {"sentence", reason.sentence()}, {"remedy", reason.remedy()}};
  if (!reason.names.empty())
    json["names"] = reason.names;
  if (reason.count != 0)
    json["count"] = reason.count;
  if (!reason.path.empty())
    json["path"] = reason.path;
  if (reason.error)
    json["errno"] = reason.error.value();
  if (!reason.hint.empty())
    json["hint"] = reason.hint;
  return json;
}

Json json_of(const fathom::FunctionTraceability& answer) {
  Json verdicts = Json::object();
  for (const fathom::TraceMechanism mechanism : fathom::kTraceMechanisms) {
    const fathom::TraceVerdict& verdict = answer[mechanism];
    Json reasons = Json::array();
    for (const fathom::TraceReason& reason : verdict.reasons)
      reasons.push_back(json_of(reason));
    verdicts[std::string(to_string(mechanism))] = {{"answer", to_string(verdict.answer)}, {"reasons", reasons}};
  }
  Json parts = Json::array();
  for (const fathom::FunctionTraceability& part : answer.parts)
    parts.push_back(json_of(part));
  return {{"function", answer.function},
          {"module", answer.module},
          {"traceable", answer.traceable()},
          {"verdicts", verdicts},
          {"parts", parts}};
}

}  // namespace

void write_text(std::ostream& out, const fathom::FunctionTraceability& answer) {
  write_text(out, answer, "");
}

void write_json(std::ostream& out, const fathom::FunctionTraceability& answer) {
  // A symbol may have any bytes in its name.
  out << json_of(answer).dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace whynot
