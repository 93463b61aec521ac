// The torture of fedsim: what docs/reliability.md promises, tried from outside on the built program. One file
// a group of trials; scripts/torture.sh runs them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/random.h"
#include "record/result_reader.h"

namespace fedsim::torture {

namespace fs = std::filesystem;

/// What a trial counts. `wrong` says of each failure what it was; the trial passes where it is empty.
struct Report {
  std::string figures;
  std::vector<std::string> wrong;
};

struct Place {
  fs::path binary, faults;  // fedsim and what is preloaded into it
  fs::path folder;          // empty, of this trial alone
  bool quick = false;       // a few cases instead of all
  std::uint64_t seed = 1;
  int times(int full, int few) const { return quick ? few : full; }
};

using Trial = Report (*)(const Place&);

Report kills(const Place&);            // R1
Report kill_each_round(const Place&);  // R2
Report failing_calls(const Place&);    // R3
Report full_disk(const Place&);        // R4
Report signals(const Place&);          // R5
Report threads(const Place&);          // R6
Report shuffled(const Place&);         // R7
Report bit_flips(const Place&);        // R8
Report million_clients(const Place&);  // R9
Report million_states(const Place&);   // R9s
Report thousand_rounds(const Place&);  // R10
Report one_folder(const Place&);       // R11
Report power_loss(const Place&);       // R12

// ---- processes

using Environment = std::map<std::string, std::string>;

struct Ended {
  int exit = -1;  // 128 + n where signal n ended it; -1: it hung and was killed
  double seconds = 0;
  long peak_kib = 0;  // of resident memory
};

/// A run of fedsim in the background; stderr goes to `log`. Killed where it still runs at the end.
class Child {
 public:
  struct Limits {
    std::uint64_t file_bytes = 0, memory_bytes = 0;  // 0: none
  };
  Child(const Place& place, const std::vector<std::string>& arguments, const fs::path& log,
        const Environment& environment, const Limits& limits);
  Child(const Place& place, const std::vector<std::string>& arguments, const fs::path& log,
        const Environment& environment = {})
      : Child(place, arguments, log, environment, Limits{}) {}
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  int id() const { return process_; }
  void signal(int number) const;
  bool running();
  /// True once `condition` holds, false where the process ended before.
  bool until(const std::function<bool()>& condition);
  Ended wait(double seconds = 120);

 private:
  void ended(int status, const void* usage);
  int process_ = -1;
  double begin_ = 0;
  bool over_ = false;
  Ended result_;
};

double now();  // seconds
void sleep(double seconds);
std::string text_of(const fs::path& file);
std::size_t count_of(const std::string& text, const std::string& part);

// ---- experiments

/// A small run with state on the server, in an optimiser and on the clients. Writes FOLDER/NAME.toml.
struct Small {
  std::string algorithm = "scaffold", optimizer = "momentum";
  int rounds = 50, clients = 20, cohort = 7, samples = 100, checkpoint_every = 3;
  std::string more{};  // lines of TOML
};
fs::path write_config(const fs::path& folder, const std::string& name, const Small& small);

/// {"run", config, "-o", output, ...}
std::vector<std::string> run_of(const fs::path& config, const fs::path& output,
                                const std::vector<std::string>& more = {});

/// SHA-256 of every dataset of a verified result, without the timings, and of the attributes that a run
/// decides.
std::map<std::string, std::string> digest(const fs::path& result);
/// "wrong value: COLUMN of round T": the first of the rows in `left` that is not as in the whole run; "".
std::string first_wrong_value(const ResultReader& left, const ResultReader& whole);

/// Of an uninterrupted run of `config`, made in `folder`. Throws where that fails.
std::map<std::string, std::string> golden(const Place& place, const fs::path& config,
                                          const Environment& environment = {},
                                          const std::vector<std::string>& more = {});

/// --resume to the end, then compares with `expected`; adds to `report.wrong` what is not so.
void finish_and_compare(const Place& place, const fs::path& config, const fs::path& output,
                        const std::map<std::string, std::string>& expected, const std::string& what,
                        Report& report);

}  // namespace fedsim::torture
