#include <gtest/gtest.h>

#include "scheduler/reconcile.hpp"

namespace estiba::scheduler {
namespace {

Desired project_with_database() {
  Desired desired;
  desired.project.name = "shop";
  spec::Service db;
  db.name = "db";
  spec::Service web;
  web.name = "web";
  web.depends_on["db"] = {spec::DependsOnCondition::service_healthy, false, true};
  desired.project.services = {{"db", db}, {"web", web}};
  return desired;
}

TEST(PlanRun, BringsDependenciesAndWaitsForThemButMakesNoContainerOfTheService) {
  EXPECT_EQ(to_text(plan_run(project_with_database(), {}, "web", false)),
            "#0 [] create network default  (not created yet)\n"
            "#1 [0] create container shop-db-1  (not created yet)\n"
            "#2 [1] start container shop-db-1  (not created yet)\n"
            "#3 [2] wait for db healthy  (web depends on it)\n");
}

TEST(PlanRun, LeavesDependenciesAloneWhenAsked) {
  EXPECT_EQ(to_text(plan_run(project_with_database(), {}, "web", true)),
            "#0 [] create network default  (not created yet)\n");
}

}  // namespace
}  // namespace estiba::scheduler
