#pragma once

#include <fathom/rawtrace/event_format.hpp>

#include <string>
#include <string_view>

namespace fathom::test {

/// The format of sched_switch with this list of letters; the fields are where 64-bit kernels of all versions have them.
inline std::string switch_format_text(std::string_view state) {
  return "name: sched_switch\nID: 315\nformat:\n"
         "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
         "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
         "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
         "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
         "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:1;\n"
         "\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n"
         "\tfield:int prev_prio;\toffset:28;\tsize:4;\tsigned:1;\n"
         "\tfield:long prev_state;\toffset:32;\tsize:8;\tsigned:1;\n"
         "\tfield:char next_comm[16];\toffset:40;\tsize:16;\tsigned:1;\n"
         "\tfield:pid_t next_pid;\toffset:56;\tsize:4;\tsigned:1;\n"
         "\tfield:int next_prio;\toffset:60;\tsize:4;\tsigned:1;\n\n"
         "print fmt: \"prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%s%s ==> "
         "next_comm=%s next_pid=%d next_prio=%d\", REC->prev_comm, REC->prev_pid, "
         "REC->prev_prio, " +
         std::string(state) + ", REC->next_comm, REC->next_pid, REC->next_prio\n";
}

/// The same, parsed.
inline EventFormat switch_format(std::string_view state) {
  return *EventFormat::parse("sched", switch_format_text(state));
}

// What include/trace/events/sched.h makes of prev_state, as the format file shows it.

/// Linux 4.4 to 4.7; from 4.8 on TASK_STATE_MAX is 4096.
inline constexpr std::string_view kLetters4_4 =
    "REC->prev_state & (2048-1) ? __print_flags(REC->prev_state & (2048-1), \"|\", { 1, \"S\"} , { 2, \"D\" }, { 4, "
    "\"T\" }, { 8, \"t\" }, { 16, \"Z\" }, { 32, \"X\" }, { 64, \"x\" }, { 128, \"K\" }, { 256, \"W\" }, { 512, \"P\" "
    "}, { 1024, \"N\" }) : \"R\", REC->prev_state & 2048 ? \"+\" : \"\"";
/// Linux 4.14: commit efb40f588b43.
inline constexpr std::string_view kLetters4_14 =
    "(REC->prev_state & ((((0x0000 | 0x0001 | 0x0002 | 0x0004 | 0x0008 | 0x0010 | 0x0020 | 0x0040) + 1) << 1) - 1)) ? "
    "__print_flags(REC->prev_state & ((((0x0000 | 0x0001 | 0x0002 | 0x0004 | 0x0008 | 0x0010 | 0x0020 | 0x0040) + 1) "
    "<< "
    "1) - 1), \"|\", { 0x01, \"S\" }, { 0x02, \"D\" }, { 0x04, \"T\" }, { 0x08, \"t\" }, { 0x10, \"X\" }, { 0x20, "
    "\"Z\" }, { 0x40, \"P\" }, { 0x80, \"I\" }) : \"R\", REC->prev_state & 0x1000 ? \"+\" : \"\"";
/// Linux 4.15 to 4.19: commit 3f5fe9fef5b2; the same text where the fix of 4.20 was taken over alone.
inline constexpr std::string_view kLetters4_15 =
    "(REC->prev_state & ((((0x0000 | 0x0001 | 0x0002 | 0x0004 | 0x0008 | 0x0010 | 0x0020 | 0x0040) + 1) << 1) - 1)) ? "
    "__print_flags(REC->prev_state & ((((0x0000 | 0x0001 | 0x0002 | 0x0004 | 0x0008 | 0x0010 | 0x0020 | 0x0040) + 1) "
    "<< "
    "1) - 1), \"|\", { 0x01, \"S\" }, { 0x02, \"D\" }, { 0x04, \"T\" }, { 0x08, \"t\" }, { 0x10, \"X\" }, { 0x20, "
    "\"Z\" }, { 0x40, \"P\" }, { 0x80, \"I\" }) : \"R\", REC->prev_state & (((0x0000 | 0x0001 | 0x0002 | 0x0004 | "
    "0x0008 | 0x0010 | 0x0020 | 0x0040) + 1) << 1) ? \"+\" : \"\"";
/// Linux 4.20 on, with the names of the states in place of the numbers; 5.4 and 5.15. 6.1 has eight digits.
inline constexpr std::string_view kLetters5_4 =
    "(REC->prev_state & ((((0x0000 | 0x0001 | 0x0002 | 0x0004 | 0x0008 | 0x0010 | 0x0020 | 0x0040) + 1) << 1) - 1)) ? "
    "__print_flags(REC->prev_state & ((((0x0000 | 0x0001 | 0x0002 | 0x0004 | 0x0008 | 0x0010 | 0x0020 | 0x0040) + 1) "
    "<< "
    "1) - 1), \"|\", { 0x0001, \"S\" }, { 0x0002, \"D\" }, { 0x0004, \"T\" }, { 0x0008, \"t\" }, { 0x0010, \"X\" }, { "
    "0x0020, \"Z\" }, { 0x0040, \"P\" }, { 0x0080, \"I\" }) : \"R\", REC->prev_state & (((0x0000 | 0x0001 | 0x0002 | "
    "0x0004 | 0x0008 | 0x0010 | 0x0020 | 0x0040) + 1) << 1) ? \"+\" : \"\"";

}  // namespace fathom::test
