// The columns of /rounds and /clients: their names, types and where a row holds them. The only list of them.
#pragma once

#include <array>
#include <cstdint>
#include <variant>

#include "record/result_writer.h"

namespace fedsim {

struct RoundColumn {
  const char* name;
  std::variant<std::int64_t RoundRow::*, double RoundRow::*> member;
};

inline constexpr std::array<RoundColumn, 15> round_columns{{
    {"round", &RoundRow::round},
    {"test_accuracy", &RoundRow::test_accuracy},
    {"test_loss", &RoundRow::test_loss},
    {"train_loss", &RoundRow::train_loss},
    {"clients", &RoundRow::clients},
    {"dropped", &RoundRow::dropped},
    {"bytes_up", &RoundRow::bytes_up},
    {"bytes_down", &RoundRow::bytes_down},
    {"seconds", &RoundRow::seconds},
    {"seconds_train", &RoundRow::seconds_train},
    {"seconds_aggregate", &RoundRow::seconds_aggregate},
    {"seconds_evaluate", &RoundRow::seconds_evaluate},
    {"simulated_seconds", &RoundRow::simulated_seconds},
    {"update_norm", &RoundRow::update_norm},
    {"nonfinite", &RoundRow::nonfinite},
}};

struct ClientColumn {
  const char* name;
  std::variant<std::int64_t ClientRow::*, double ClientRow::*, ClientStatus ClientRow::*> member;
};

inline constexpr std::array<ClientColumn, 9> client_columns{{
    {"round", &ClientRow::round},
    {"client", &ClientRow::client},
    {"samples", &ClientRow::samples},
    {"steps", &ClientRow::steps},
    {"train_loss", &ClientRow::train_loss},
    {"update_norm", &ClientRow::update_norm},
    {"bytes_up", &ClientRow::bytes_up},
    {"bytes_down", &ClientRow::bytes_down},
    {"status", &ClientRow::status},
}};

}  // namespace fedsim
