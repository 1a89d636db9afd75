import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models

import workflows.search


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0003_version_summary"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="workflow", name="workflow_search"),
        migrations.RemoveField(model_name="workflow", name="search_vector"),
        migrations.AddField(
            model_name="workflow",
            name="search_vector",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.contrib.postgres.search.SearchVector(
                    "id",
                    "name",
                    "description",
                    "category",
                    workflows.search.StepsText("definition_json"),
                    config="simple",
                ),
                output_field=django.contrib.postgres.search.SearchVectorField(),
            ),
        ),
        migrations.AddIndex(
            model_name="workflow",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["search_vector"], name="workflow_search"
            ),
        ),
    ]
